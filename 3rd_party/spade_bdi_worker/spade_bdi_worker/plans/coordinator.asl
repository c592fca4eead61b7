// The coordinator: hands the run's episodes out in goals, one learner after the other, and tells all of the best result.
//
// Its beliefs of the world: learners(List) with the address of every learner.

!hand_out.

+!hand_out : .assignment(Learner, First, Count) <-
    .send(Learner, achieve, play(First, Count)).
+!hand_out <-
    .finish.

+report(First, Episodes, Steps, Mean)[source(Learner)] <-
    -report(First, Episodes, Steps, Mean)[source(Learner)];
    .abolish(result(Learner, _));
    +result(Learner, Mean);
    !!compare(Episodes, Mean);
    !!hand_out.

+!compare(Episodes, Mean) : Episodes > 0 & not (best(Best) & Mean <= Best) & learners(All) <-
    -+best(Mean);
    .send(All, tell, best(Mean)).
+!compare(_, _).
